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
    there.head.replaceChildren(
        ...[...document.querySelectorAll<HTMLElement>('link[rel="stylesheet"], style')].map((style) => {
            const copy = there.importNode(style, true);
            if (style instanceof HTMLLinkElement) (copy as HTMLLinkElement).href = style.href; // there, no address is relative to ours
            return copy;
        }),
    );
    there.body.replaceChildren();
    const made = mount(component, { target: there.body, props });
    let open = true;
    const gone = () => {
        if (!open) return;
        open = false;
        void unmount(made);
        closed();
    };
    other.addEventListener("pagehide", gone);
    return {
        close: () => {
            gone();
            other.close();
        },
    };
}
