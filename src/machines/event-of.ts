/** Hands the event to a guard or an action as its parameters, typed by the transition it stands in. */
export const eventOf = <E>({ event }: { readonly event: E }): E => event
