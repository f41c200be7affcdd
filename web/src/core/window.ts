// A second window of the same origin. It is empty: it inherits the policy of this page, and is filled from here.

import { mount, unmount, type Component } from "svelte";

/** Opens a window with a component in it; null where the browser allows none. `closed` is called when it is gone. */
export function openWindow<P extends Record<string, unknown>>(name: string, title: string, component: Component<P>, props: P, closed: () => void): { close: () => void } | null {
    const other = window.open("", name, "popup,width=620,height=900");
    if (!other?.document) return null;
    const { document: there } = other;
    there.title = title;
    there.documentElement.lang = document.documentElement.lang;
    const theme = document.documentElement.dataset.theme;
    if (theme) there.documentElement.dataset.theme = theme;
    const styles = [...document.querySelectorAll<HTMLElement>('link[rel="stylesheet"], style')].map((style) => {
        const copy = there.importNode(style, true);
        if (style instanceof HTMLLinkElement) (copy as HTMLLinkElement).href = style.href; // there, no address is relative to ours
        return copy;
    });
    const dressed = styles.filter((style) => style.matches("link")).map((link) => new Promise((done) => (link.onload = link.onerror = done)));
    there.head.replaceChildren(...styles);
    there.body.replaceChildren();
    let made: ReturnType<typeof mount> | null = null;
    let open = true;
    const gone = () => {
        if (!open) return;
        open = false;
        if (made) void unmount(made);
        closed();
    };
    // links that are put in by a script do not hold the drawing back: nothing is shown before it is styled
    void Promise.all(dressed).then(() => {
        if (open) made = mount(component, { target: there.body, props });
    });
    other.addEventListener("pagehide", gone);
    return {
        close: () => {
            gone();
            other.close();
        },
    };
}
