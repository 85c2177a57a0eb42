import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { applicationDefaultToken } from '../../../../runtime/remote/registry/google.ts';

it("Google's library reads the application default credentials, and keeps the token", async () => {
  let exchanges = 0;
  const service = createServer((_, response) => {
    exchanges += 1;
    const token = { access_token: 'ya29.token', expires_in: 3600, token_type: 'Bearer' };
    const issued_token_type = 'urn:ietf:params:oauth:token-type:access_token';
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...token, issued_token_type }));
  }).listen(0, '127.0.0.1');
  await once(service, 'listening');
  const folder = await mkdtemp(join(tmpdir(), 'google-'));
  const before = process.env['GOOGLE_APPLICATION_CREDENTIALS'];
  try {
    const subject = join(folder, 'subject');
    await writeFile(subject, 'a token of this machine');
    const file = join(folder, 'credentials.json');
    // Federated credentials: the one kind whose token service a file may name.
    const credentials = {
      type: 'external_account',
      audience: '//iam.googleapis.com/locations/global/workforcePools/pool/providers/test',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `http://127.0.0.1:${(service.address() as AddressInfo).port}/token`,
      credential_source: { file: subject },
    };
    await writeFile(file, JSON.stringify(credentials));
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = file;
    const token = applicationDefaultToken();
    expect(await token()).toBe('ya29.token');
    expect(await token()).toBe('ya29.token');
    expect(exchanges).toBe(1);

    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = join(folder, 'missing.json');
    await expect(applicationDefaultToken()()).rejects.toThrow('missing.json');
  } finally {
    if (before === undefined) delete process.env['GOOGLE_APPLICATION_CREDENTIALS'];
    else process.env['GOOGLE_APPLICATION_CREDENTIALS'] = before;
    service.close();
    service.closeAllConnections();
    await rm(folder, { recursive: true });
  }
});
