import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { commitContent, proposalContent, type ProposedImage } from '../../../runtime/proposals/content.ts';
import { parseMarker } from '../../../runtime/proposals/marker.ts';

const commit = 'c0ffee'.padEnd(40, '0');
const marker = { installation: 'prod', version: 'v1', applications: ['web'], change: 'f'.repeat(64) };
const plain: ProposedImage = {
  application: 'web',
  version: 'v1',
  image: 'gcr.io/p/web',
  tag: 'v1-gc0ffee000000',
  digest: 'sha256:1',
  repository: 'https://github.com/o/web',
  commit,
  from: ['', '\n'],
  notes: [],
};
const web: ProposedImage = {
  ...plain,
  commitSubject: 'Show the page (#12)',
  deployedCommit: 'd'.repeat(40),
  from: ['gcr.io/p/web:v1-gdddddddddddd'],
};

describe('proposalContent', () => {
  it.each([100, 500, 3000])('of %d images fits on a forge, and keeps its marker', (count) => {
    const images = Array.from({ length: count }, (_, index) => ({
      ...web,
      application: `application-${index}`,
      digest: `sha256:${'0'.repeat(64)}`,
      notes: ['The deployed commit and the new one have parted: neither contains the other.'],
    }));
    const { body } = proposalContent(images, marker, { body: 'x'.repeat(70_000) });
    expect(body.length).toBeLessThan(65_000);
    expect(parseMarker(body)).toEqual(marker);
    expect(body).toContain('application-0');
    const named = new Set(body.match(/application-\d+/g)).size;
    const more = Number(/and (\d+) more, which the commit names/.exec(body)?.[1] ?? 0);
    expect(named + more).toBe(count);
  });

  it('says what moves, from where and since when', () => {
    const { title, body } = proposalContent([web], marker);
    expect(title).toBe('[auto PR] Update the web image to tag v1-gc0ffee000000');
    for (const part of [
      '| Application | web, version v1 |',
      '| Image | `gcr.io/p/web:v1-gc0ffee000000` |',
      `| Source | [c0ffee000000](https://github.com/o/web/commit/${commit}) |`,
      `(https://github.com/o/web/compare/${'d'.repeat(40)}...${commit})`,
      '| Replaces | `gcr.io/p/web:v1-gdddddddddddd` |',
      '```text\nShow the page (#12)\n```',
      'Close this pull request to reject this change',
    ])
      expect(body).toContain(part);
    expect(parseMarker(body)).toEqual(marker);
    expect(proposalContent([web], marker)).toEqual({ title, body });
  });

  it('leaves out what is not known', () => {
    const { body } = proposalContent([plain], marker);
    expect(body).not.toContain('Changes');
    expect(body).not.toContain('```');
    expect(body).toContain('| Replaces | nothing |');
  });

  it('lists every image of a group, with its notes', () => {
    const api = { ...web, application: 'api', image: 'gcr.io/p/api', notes: ['Histories have parted.'] };
    const { title, body } = proposalContent([web, api], marker);
    expect(title).toBe('[auto PR] Update 2 images of v1');
    expect(body).toContain('| Application | api, version v1 |');
    expect(body).toContain('> **Note:** Histories have parted.');
    expect(body).toContain('to reject these changes');
  });

  it('follows the templates of the config, and leaves unknown words', () => {
    const template = {
      title: '{application} {version}: {tag} {who}',
      body: '/assign\n{image} at {commit} of {repository}',
    };
    const { title, body } = proposalContent([web], marker, template);
    expect(title).toBe('web v1: v1-gc0ffee000000 {who}');
    expect(body).toMatch(
      /^\/assign\ngcr\.io\/p\/web at c0ffee000000 of https:\/\/github\.com\/o\/web\n\n\| \| \|/,
    );
  });

  it('lets no text of a repository command, notify, pose as ours or break out', () => {
    const hostile = fc
      .array(
        fc.constantFrom(
          '/lgtm',
          '@user',
          '#1',
          '`',
          '```',
          '\n',
          '\u2028',
          '|',
          '<!-- slipway-closed -->',
          ' x',
        ),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(hostile, hostile, (commitSubject, from) => {
        const { body } = proposalContent([{ ...web, commitSubject, from: [from] }], marker);
        expect(body).not.toMatch(/^\s*[/@]/m);
        const [table = ''] = body.split('\n\n');
        expect(table.split('\n')).toHaveLength(8);
        expect(table).toMatch(/^\| Replaces \| [^|]* \|$/m);
        expect(body).not.toContain('<!-- slipway-closed');
        expect(parseMarker(body)).toEqual(marker);
      }),
    );
  });
});

describe('commitContent', () => {
  it('names each image and what it was built from', () => {
    expect(commitContent([web])).toEqual({
      subject: '[auto PR] Update the web image to tag v1-gc0ffee000000',
      lines: ['image gcr.io/p/web:v1-gc0ffee000000@sha256:1', 'Image built from o/web@c0ffee000000'],
    });
    expect(commitContent([web, web]).lines).toHaveLength(4);
  });

  it('needs an image', () => {
    expect(() => commitContent([])).toThrow('at least one image');
    expect(() => proposalContent([], marker)).toThrow('at least one image');
  });
});
