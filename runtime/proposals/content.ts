import { code, cut, fenced, oneLine } from './untrusted.ts';
import { formatMarker, type Marker } from './marker.ts';

/** One image that a pull request moves. */
export interface ProposedImage {
  readonly application: string;
  readonly version: string;
  readonly image: string;
  readonly tag: string;
  readonly digest: string;
  /** Page of the source repository: https://host/owner/name. */
  readonly repository: string;
  readonly commit: string;
  /** First line of the source commit's message, as it stands in the repository. */
  readonly commitSubject?: string;
  /** Commit that is deployed now, when it is known. */
  readonly deployedCommit?: string;
  readonly from: readonly string[];
  /** What a reviewer must know: histories that have parted, an unknown deployed commit. */
  readonly notes: readonly string[];
}

export interface ContentTemplate {
  readonly title?: string;
  readonly body?: string;
}

/** GitHub takes 65,536 characters; closing adds a few. */
const longestBody = 60_000;

/** Title and body of a pull request. Equal input gives equal text. */
export function proposalContent(
  images: readonly ProposedImage[],
  marker: Marker,
  template: ContentTemplate = {},
): { title: string; body: string } {
  const [first] = images;
  if (!first) throw new Error('a pull request moves at least one image');
  const title = template.title ? expand(template.title, first) : defaultTitle(images, first);
  const intro = template.body ? [cut(expand(template.body, first), longestBody / 4)] : [];
  const end = [footer(images.length), formatMarker(marker)];
  const room = longestBody - [...intro, ...end].join('\n\n').length - 4;
  const body = [...intro, sections(images, room), ...end].join('\n\n');
  return { title: oneLine(title), body };
}

/** In full where there is room; else in a line each, as many as there is room for: the commit names all. */
function sections(images: readonly ProposedImage[], room: number): string {
  const full = images.map(section).join('\n\n');
  if (full.length <= room) return full;
  const lines: string[] = [];
  let left = room - 200;
  for (const one of images) {
    const line = `- ${one.application}: ${code(`${one.image}:${one.tag}`)}, ${code(one.digest)}, from ${code(short(one.commit))}${one.notes.map((note) => `. **Note:** ${note}`).join('')}`;
    left -= line.length + 1;
    if (left < 0) break;
    lines.push(line);
  }
  const missing = images.length - lines.length;
  return [...lines, ...(missing > 0 ? [`- and ${missing} more, which the commit names`] : [])].join('\n');
}

/** Subject and lines of the commit. */
export function commitContent(images: readonly ProposedImage[]): { subject: string; lines: string[] } {
  const [first] = images;
  if (!first) throw new Error('a commit moves at least one image');
  return {
    subject: defaultTitle(images, first),
    lines: images.flatMap((one) => [
      `image ${one.image}:${one.tag}@${one.digest}`,
      `Image built from ${one.repository.replace(/^\w+:\/\/[^/]+\//, '')}@${short(one.commit)}`,
    ]),
  };
}

function defaultTitle(images: readonly ProposedImage[], first: ProposedImage): string {
  return images.length === 1
    ? `[auto PR] Update the ${lastSegment(first.image)} image to tag ${first.tag}`
    : `[auto PR] Update ${images.length} images of ${first.version}`;
}

function section(one: ProposedImage): string {
  const { commit, deployedCommit, repository } = one;
  const rows = [
    ['Application', `${one.application}, version ${one.version}`],
    ['Image', code(`${one.image}:${one.tag}`)],
    ['Digest', code(one.digest)],
    ['Source', `[${short(commit)}](${repository}/commit/${commit})`],
    ...(deployedCommit
      ? [
          [
            'Changes',
            `[${short(deployedCommit)}…${short(commit)}](${repository}/compare/${deployedCommit}...${commit})`,
          ],
        ]
      : []),
    ['Replaces', one.from.flatMap((reference) => code(reference) || []).join(', ') || 'nothing'],
  ];
  const table = ['| | |', '|---|---|', ...rows.map(([label, value]) => `| ${label} | ${value} |`)].join('\n');
  const notes = one.notes.map((note) => `> **Note:** ${note}`).join('\n>\n');
  const subject = one.commitSubject ? fenced(oneLine(one.commitSubject)) : '';
  return [table, notes, subject].filter((part) => part !== '').join('\n\n');
}

function footer(count: number): string {
  const these = count === 1 ? 'this change' : 'these changes';
  return `Close this pull request to reject ${these}: it is not proposed again until the inputs change. A commit of yours on this branch stops Slipway from touching it.`;
}

function expand(template: string, one: ProposedImage): string {
  const values: Record<string, string> = {
    application: one.application,
    version: one.version,
    image: one.image,
    tag: one.tag,
    commit: short(one.commit),
    repository: one.repository,
  };
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

function short(commit: string): string {
  return commit.slice(0, 12);
}

function lastSegment(image: string): string {
  return image.slice(image.lastIndexOf('/') + 1);
}
