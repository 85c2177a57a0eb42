import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

/** Where the repositories seem to be; git's `insteadOf` and the settings lead to the local forge and registry. */
export const HOST = 'github.com';
export const IMAGES = 'registry.test/acme';

/** `server` builds on `base`; `controller` and `webhook` share an image. */
export const APPLICATIONS = ['base', 'server', 'controller', 'webhook'] as const;
export const VERSIONS = { main: 'vmain', 'v1.0': 'v1.0' } as const;

/** Files of `acme/source`, on both branches. */
export const SOURCE: Readonly<Record<string, string>> = {
  'README.md': 'Outside every build context.\n',
  'base/Dockerfile': 'FROM scratch\nCOPY tools /tools\n',
  'base/tools': 'tools 1\n',
  'server/Dockerfile': 'ARG BASE\nFROM ${BASE}\nCOPY main.go /main.go\n',
  'server/main.go': 'package main // 1\n',
  'controller/Dockerfile': 'FROM scratch\nCOPY main.go /main.go\n',
  'controller/main.go': 'package controller // 1\n',
};

/** What `main` of `acme/source` has beyond `v1.0`. */
export const NEWER: Readonly<Record<string, string>> = { 'controller/main.go': 'package controller // 2\n' };

const kustomization = (application: string, image: string) =>
  `# Images of ${application}.\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nimages:\n  - name: ${IMAGES}/${image}\n    newName: ${IMAGES}/${image}\n    newTag: v0 # released by hand\n`;

/** Files of `acme/manifests`, on both branches. */
export const MANIFESTS: Readonly<Record<string, string>> = {
  'README.md': 'Manifests.\n',
  'server/kustomization.yaml': kustomization('server', 'server'),
  'controller/kustomization.yaml': kustomization('controller', 'controller'),
  'webhook/kustomization.yaml': kustomization('webhook', 'controller'),
};

/** The desired state: four applications, two versions. `base` is in no manifest. */
export function deliveryConfig(extra = ''): string {
  const versions = Object.entries(VERSIONS).map(
    ([version, tag]) => `  ${version}:
    tag: ${tag}
    repositories:
      source: {url: https://${HOST}/acme/source, branch: ${version}}
      manifests: {url: https://${HOST}/acme/manifests, branch: ${version}}
`,
  );
  return `apiVersion: slipway.dev/v1alpha1
kind: Delivery
versions:
${versions.join('')}applications:
  base: {source: source, context: base, image: ${IMAGES}/base, targets: []}
  server:
    source: source
    context: server
    image: ${IMAGES}/server
    parents: [{application: base, buildArg: BASE}]
    targets: [{kustomization: server}]
  controller: {source: source, context: controller, image: ${IMAGES}/controller, targets: [{kustomization: controller}]}
  webhook: {source: source, context: controller, image: ${IMAGES}/controller, targets: [{kustomization: webhook}]}
${extra}`;
}

/** Makes `acme/source` and `acme/manifests` below the root of a forge, with equal commit ids every time. */
export async function createRepositories(root: string, scratch: string): Promise<void> {
  for (const [name, files] of Object.entries({ source: SOURCE, manifests: MANIFESTS })) {
    const bare = path.join(root, 'acme', `${name}.git`);
    const work = path.join(scratch, `${name}-origin`);
    await mkdir(bare, { recursive: true });
    await git(bare, 'init', '--quiet', '--bare', '--initial-branch=main');
    await git(scratch, 'init', '--quiet', '--initial-branch=main', work);
    await writeFiles(work, files);
    await commitAll(work, `Begin ${name}`);
    await git(work, 'branch', 'v1.0');
    if (name === 'source') {
      await writeFiles(work, NEWER);
      await commitAll(work, 'Improve the controller');
    }
    await git(work, 'push', '--quiet', bare, 'main', 'v1.0');
    await recordPushes(bare);
  }
}

/** From now on every push that moves a ref is written down, with who pushed. */
async function recordPushes(bare: string): Promise<void> {
  const hook = path.join(bare, 'hooks', 'post-receive');
  await mkdir(path.dirname(hook), { recursive: true });
  await writeFile(hook, '#!/bin/sh\n{ echo "by $REMOTE_USER"; cat; } >> pushes.log\n');
  await chmod(hook, 0o755);
}

export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), content);
  }
}

/** Commits everything, at a time that never changes. */
export async function commitAll(work: string, message: string): Promise<string> {
  await git(work, 'add', '--all');
  await git(work, 'commit', '--quiet', '-m', message);
  return git(work, 'rev-parse', 'HEAD');
}

const run = promisify(execFile);

/** Git as ann has it, at a time that never changes. */
export async function git(directory: string, ...args: string[]): Promise<string> {
  const person = { NAME: 'Ann', EMAIL: 'ann@example.com', DATE: '2024-01-01T00:00:00Z' };
  const { stdout } = await run('git', args, {
    cwd: directory,
    env: {
      PATH: process.env['PATH'],
      HOME: directory,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      ...Object.fromEntries(
        Object.entries(person).flatMap(([name, value]) => [
          [`GIT_AUTHOR_${name}`, value],
          [`GIT_COMMITTER_${name}`, value],
        ]),
      ),
    },
  });
  return stdout.trim();
}
