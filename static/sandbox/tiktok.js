// On TikTok a message has no buttons to tap.
export function tapped() {}
