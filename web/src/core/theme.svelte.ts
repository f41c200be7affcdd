// The palette in force, made anew when light becomes dark.

import { onTheme, palette, shades, type Palette } from "./colour";

class Theme {
    palette = $state.raw<Palette>(palette());
    readonly shades = $derived(shades(this.palette));
    readonly faintShades = $derived(shades(this.palette, 0.7)); // below points
    constructor() {
        onTheme(() => (this.palette = palette()));
    }
}

export const theme = new Theme();
