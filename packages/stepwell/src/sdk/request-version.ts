/** The version of the step protocol this SDK speaks: one discovery after a group of parallel steps. */
export const REQUEST_VERSION = 2;
