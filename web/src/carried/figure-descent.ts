import { mount } from "svelte";
import Alone from "../Alone.svelte";
import Screen from "../figures/LandscapeFigure.svelte";
import "../style.css";

mount(Alone, { target: document.getElementById("lab")!, props: { Screen } });
