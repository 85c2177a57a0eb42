import { z } from 'zod';
import { PortError, type Fault } from '../../ports/index.ts';

const answer = z.object({ payload: z.object({ data: z.string() }) });
const timeout = 20_000;

/**
 * A secret of Google Secret Manager, read with the application default credentials.
 * @param name `projects/P/secrets/S`, with `/versions/V` or the latest
 * @see https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
 */
export async function readSecretManager(name: string): Promise<string> {
  const version = name.includes('/versions/') ? name : `${name}/versions/latest`;
  const { GoogleAuth } = await import('google-auth-library');
  const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' });
  try {
    const { data } = await auth.request<unknown>({
      url: `https://secretmanager.googleapis.com/v1/${version}:access`,
      signal: AbortSignal.timeout(timeout),
    });
    return Buffer.from(answer.parse(data).payload.data, 'base64').toString('utf8').trim();
  } catch (error) {
    throw new PortError(faultOf(error), name, `the secret ${name} could not be read`, {
      remedy:
        'grant roles/secretmanager.secretAccessor on it to this identity, and see that it has a version',
      cause: error,
    });
  }
}

function faultOf(error: unknown): Fault {
  const status: unknown = error instanceof Error && 'status' in error ? error.status : undefined;
  if (status === 404) return 'not-found';
  if (status === 401 || status === 403) return 'denied';
  return 'transient';
}
