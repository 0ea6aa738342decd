/** Signals wake the one run that waits for them. Their names are made here, for who waits and for who sends. */

/** Somebody of the team has approved the appointment of a lead. */
export const appointmentApproved = (leadId: string): string => `appointment-approved/${leadId}`;
