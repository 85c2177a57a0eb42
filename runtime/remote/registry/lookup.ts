/** A user with password, or what Docker calls an identity token: exchanged for access tokens by OAuth 2. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'refresh-token'; readonly token: string };

/** What a search for credentials gave. Problems are told only when the registry then refuses us: many images are public. */
export interface Lookup {
  readonly credentials: Credentials | undefined;
  readonly problems: readonly string[];
}
