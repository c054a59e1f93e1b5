/** As a browser, or an insecure page, that has no Web Locks. */
Object.defineProperty(navigator, 'locks', { value: undefined })
