import { createHash } from 'node:crypto';
import { Bench } from 'tinybench';
import { setImages } from '../../runtime/manifests/kustomization.ts';
import type { TreeEntry } from '../../runtime/ports/index.ts';
import { buildKey } from '../../runtime/source/build-key.ts';
import { inputClosure } from '../../runtime/source/closure.ts';

export interface HotPath {
  readonly name: string;
  /** Milliseconds, median. */
  readonly milliseconds: number;
}

/** What is computed for every pair, alone and in memory. */
export async function measureHotPaths(time: number): Promise<HotPath[]> {
  const entries = context(2000);
  const request = {
    entries,
    context: 'app',
    dockerfile: {
      path: 'app/Dockerfile',
      text: 'FROM scratch\nCOPY go.mod ./\nCOPY pkg/ pkg/\nCOPY cmd/ cmd/\n',
    },
    ignoreFile: { path: 'app/.dockerignore', text: '*.md\n**/*_test.go\n!pkg/p1/keep_test.go\n' },
  };
  const { entries: inputs } = inputClosure(request);
  const kustomization = longKustomization(1000);
  const bench = new Bench({ time });
  bench.add('input closure of a 2,000-file context', () => {
    inputClosure(request);
  });
  bench.add('build key of 2,000 files', () => {
    buildKey({ dockerfile: 'app/Dockerfile', platforms: [], buildArgs: {}, entries: inputs, parents: [] });
  });
  bench.add('one image set in a kustomization of 1,000 lines', () => {
    setImages(kustomization, [{ name: 'registry.test/acme/app-120', newTag: 'v2' }], 'kustomization.yaml');
  });
  await bench.run();
  return bench.tasks.map(({ name, result }) => {
    if (result.state !== 'completed') throw new Error(`${name} was not measured`);
    return { name, milliseconds: result.latency.p50 };
  });
}

function context(count: number): TreeEntry[] {
  const paths = ['app/.dockerignore', 'app/Dockerfile', 'app/go.mod'];
  for (let at = paths.length; at < count; at++)
    paths.push(`app/pkg/p${Math.floor(at / 50)}/file-${at}${at % 10 === 0 ? '_test' : ''}.go`);
  return paths.map((path) => ({
    mode: '100644',
    path,
    oid: createHash('sha1').update(path).digest('hex'),
  }));
}

function longKustomization(lines: number): string {
  const text = ['apiVersion: kustomize.config.k8s.io/v1beta1', 'kind: Kustomization', 'images: # by name'];
  for (let at = 0; text.length < lines; at++)
    text.push(
      `  - name: registry.test/acme/app-${at}`,
      `    newName: registry.test/acme/app-${at}`,
      `    newTag: v1-g${at} # released`,
    );
  return `${text.join('\n')}\n`;
}
