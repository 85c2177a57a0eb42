import { describe, expect, it } from '@jest/globals';
import { registriesConf } from '../../../../runtime/local/builder/containers.ts';
import type { Tool } from '../../../../runtime/local/builder/records.ts';
import { stepsOf } from '../../../../runtime/local/builder/steps.ts';
import type { Step } from '../../../../runtime/local/builder/step.ts';

function steps(tool: Tool, platforms: readonly string[] = []): readonly Step[] {
  return stepsOf({
    record: {
      version: 1,
      request: {
        name: 'cd-app-v1-00000000-1',
        key: '0'.repeat(64),
        labels: {},
        source: {
          repository: 'https://h/o/r',
          commit: 'a'.repeat(40),
          context: 'c',
          dockerfile: 'c/Dockerfile',
        },
        target: 'prod',
        platforms,
        buildArgs: { A: '1 "2"' },
        image: { name: 'o/app', tags: ['k-1', 'v1'] },
      },
      tool,
      location: { reference: 'reg:5000/o/app', insecure: true },
      timeout: 1,
      createdAt: 1,
      starter: { pid: 1, began: '' },
    },
    context: '/s/context',
    dockerfile: '/s/context/Dockerfile',
    work: '/w',
  });
}

const lines = (all: readonly Step[]) => all.map(({ phase, argv }) => `${phase}: ${argv.join(' ')}`);
const plain = { version: '1', options: [], buildOptions: [] };
const labels =
  '--label org.opencontainers.image.source=https://h/o/r --label org.opencontainers.image.revision=' +
  'a'.repeat(40);
const common = (platform = '') =>
  `--file /s/context/Dockerfile --target prod ${platform}--build-arg A=1 "2" ${labels}`;
const two = ['linux/amd64', 'linux/arm64'];
const both = '--platform linux/amd64,linux/arm64 ';

describe('docker', () => {
  it('builds one platform, and pushes tag after tag', () => {
    expect(lines(steps({ name: 'docker', ...plain }))).toEqual([
      `build: docker build ${common()} --tag reg:5000/o/app:k-1 --tag reg:5000/o/app:v1 /s/context`,
      'push: docker push reg:5000/o/app:k-1',
      'push: docker push reg:5000/o/app:v1',
      'push: docker image inspect --format {{range .RepoDigests}}{{println .}}{{end}} reg:5000/o/app:k-1',
      'clean-up: docker image rm reg:5000/o/app:k-1 reg:5000/o/app:v1',
    ]);
  });

  it('builds several platforms as one index by buildx', () => {
    const all = steps({ name: 'docker', ...plain }, two);
    expect(lines(all)).toEqual([
      `build: docker buildx build ${common(both)} --metadata-file /w/metadata.json --output type=image,name=reg:5000/o/app:k-1,push=true,registry.insecure=true /s/context`,
      'push: docker buildx imagetools create --tag reg:5000/o/app:v1 reg:5000/o/app:k-1',
    ]);
    expect(all[0]?.digest).toEqual({ from: 'metadata-file', path: '/w/metadata.json' });
  });
});

describe('buildah', () => {
  it('puts its own options where they belong', () => {
    const tool: Tool = {
      name: 'buildah',
      version: '1',
      options: ['--storage-driver', 'vfs'],
      buildOptions: ['--isolation', 'chroot'],
    };
    const local = 'localhost/slipway-build:cd-app-v1-00000000-1';
    expect(lines(steps(tool))).toEqual([
      `build: buildah --storage-driver vfs build --isolation chroot ${common()} --layers=false --tag ${local} /s/context`,
      `push: buildah --storage-driver vfs push --tls-verify=false --digestfile /w/digest-0 ${local} docker://reg:5000/o/app:k-1`,
      `push: buildah --storage-driver vfs push --tls-verify=false --digestfile /w/digest-1 ${local} docker://reg:5000/o/app:v1`,
      `clean-up: buildah --storage-driver vfs rmi ${local}`,
    ]);
  });
});

describe('podman', () => {
  it('pushes all images of an index', () => {
    const local = 'localhost/slipway-build:cd-app-v1-00000000-1';
    expect(lines(steps({ name: 'podman', ...plain }, two))).toEqual([
      `build: podman build ${common(both)} --layers=false --manifest ${local} /s/context`,
      `push: podman manifest push --all --tls-verify=false --digestfile /w/digest-0 ${local} docker://reg:5000/o/app:k-1`,
      `push: podman manifest push --all --tls-verify=false --digestfile /w/digest-1 ${local} docker://reg:5000/o/app:v1`,
      `clean-up: podman manifest rm ${local}`,
      'clean-up: podman rmi',
    ]);
  });
});

describe('buildctl', () => {
  it('builds and pushes in one step', () => {
    const [step, ...others] = steps({ name: 'buildctl', ...plain }, two);
    expect(others).toEqual([]);
    const line = step!.argv.join(' ');
    expect(line).toContain(
      '--local context=/s/context --local dockerfile=/s/context --opt filename=Dockerfile',
    );
    expect(line).toContain(
      '--opt target=prod --opt platform=linux/amd64,linux/arm64 --opt build-arg:A=1 "2"',
    );
    expect(line).toContain(
      '--output type=image,"name=reg:5000/o/app:k-1,reg:5000/o/app:v1",push=true,registry.insecure=true',
    );
  });
});

describe('registries.conf', () => {
  const location = { reference: 'reg:5000/o/app', insecure: true };

  it('keeps what the machine says, and adds the one insecure host', () => {
    const own = 'unqualified-search-registries = ["quay.io"]\n[[registry]]\nlocation = "x"';
    expect(registriesConf(own, location)).toBe(
      `${own}\n\n[[registry]]\nlocation = "reg:5000"\ninsecure = true\n`,
    );
    expect(registriesConf(own, { ...location, insecure: false })).not.toContain('insecure');
  });

  it('lets short names mean what they mean in Docker', () => {
    expect(registriesConf('', location)).toMatch(/^unqualified-search-registries = \["docker.io"\]/);
  });
});
