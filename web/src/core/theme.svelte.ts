// The palette in force, made anew when light becomes dark.

import { onTheme, palette, type Palette } from "./colour";

class Theme {
    palette = $state.raw<Palette>(palette());
    constructor() {
        onTheme(() => (this.palette = palette()));
    }
}

export const theme = new Theme();
