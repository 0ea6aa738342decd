/** The version of the step protocol this SDK speaks: one discovery after a group of parallel steps (protocol.md §4.4.3). */
export const REQUEST_VERSION = 2;
