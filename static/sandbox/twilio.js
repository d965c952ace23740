// An SMS has no buttons.
export function tapped() {}
