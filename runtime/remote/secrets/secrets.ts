import { readFile } from 'node:fs/promises';
import type { SecretReference } from '../../api/settings.ts';
import { PortError } from '../../ports/index.ts';

/** Reads what references name, each time anew: secrets rotate. No value ever stands in an error. */
export class Secrets {
  readonly #environment: Readonly<Record<string, string | undefined>>;

  constructor(environment: Readonly<Record<string, string | undefined>>) {
    this.#environment = environment;
  }

  /** Throws `PortError`: `not-found` when there is nothing, `denied` when it may not be read. */
  async read(reference: SecretReference): Promise<string> {
    const { env, file, secretManager } = reference;
    if (env !== undefined) return this.#fromEnvironment(env);
    if (file !== undefined) return fromFile(file);
    if (secretManager !== undefined) {
      const { readSecretManager } = await import('./secret-manager.ts');
      return readSecretManager(secretManager);
    }
    throw new PortError('invalid', 'secret', 'the secret reference names no source');
  }

  #fromEnvironment(name: string): string {
    const value = this.#environment[name]?.trim();
    if (value) return value;
    throw new PortError(
      'not-found',
      name,
      `the environment variable ${name}, which should hold a secret, is not set`,
      {
        remedy: `set ${name}`,
      },
    );
  }
}

async function fromFile(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const denied = typeof error === 'object' && error !== null && 'code' in error && error.code === 'EACCES';
    const why = denied ? 'may not be read' : 'cannot be read';
    throw new PortError(
      denied ? 'denied' : 'not-found',
      path,
      `the file ${path}, which should hold a secret, ${why}`,
      {
        remedy: 'mount or create it, readable for this user',
        cause: error,
      },
    );
  });
  const value = text.trim();
  if (value) return value;
  throw new PortError('not-found', path, `the file ${path}, which should hold a secret, is empty`);
}
