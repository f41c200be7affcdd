import { mount } from "svelte";
import Lab from "../Lab.svelte";
import "../style.css";

mount(Lab, { target: document.getElementById("lab")! });
