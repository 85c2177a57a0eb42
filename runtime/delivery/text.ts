import { isUtf8 } from 'node:buffer';

/** UTF-8 as it stands, a byte order mark included; undefined for bytes that are none, which would not survive an edit. */
export function decodeText(content: Buffer): string | undefined {
  return isUtf8(content) ? content.toString('utf8') : undefined;
}
