/** Small help with the document. */

/** @returns {HTMLElement} */
export function element(testId, root = document) {
    return root.querySelector(`[data-testid="${testId}"]`);
}

/** Shows the text, or hides the element if there is none. What does not change is not announced again. */
export function setText(target, text) {
    if (target.textContent !== (text ?? "")) target.textContent = text ?? "";
    target.hidden = !text;
}

/** @param {"sign-in" | "home" | "call"} id */
export function showScreen(id) {
    for (const screen of document.querySelectorAll(".screen")) screen.hidden = screen.id !== id;
    document.body.dataset.screen = id;
}

/** On a touch screen the focus would open the keyboard over the page. */
export function focusInput(testId) {
    if (matchMedia("(pointer: fine)").matches) element(testId).focus({ preventScroll: true });
}

/**
 * An element with properties and children.
 * @param {string} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string)} children
 */
export function create(tag, properties = {}, ...children) {
    const created = Object.assign(document.createElement(tag), properties);
    created.append(...children);
    return created;
}

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} name - of a symbol in icons.svg */
export function icon(name) {
    const picture = document.createElementNS(SVG, "svg");
    picture.setAttribute("class", "icon");
    picture.setAttribute("aria-hidden", "true");
    const use = document.createElementNS(SVG, "use");
    use.setAttribute("href", `icons.svg#${name}`);
    picture.append(use);
    return picture;
}
