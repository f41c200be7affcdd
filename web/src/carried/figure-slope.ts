import { mount } from "svelte";
import Alone from "../Alone.svelte";
import Screen from "../screens/Slope.svelte";
import "../style.css";

mount(Alone, { target: document.getElementById("lab")!, props: { Screen } });
