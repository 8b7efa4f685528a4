/** What is loaded when it is asked for. Rejects without network; may be tried again then. */
export const later = (): Promise<typeof import("./lazy/qr")> => import(__QR_URL__) as Promise<typeof import("./lazy/qr")>;
