/** A logger for apps whose functions fail on purpose. */
const nothing = (): void => undefined;

export const quiet = { info: nothing, warn: nothing, error: nothing, debug: nothing };
