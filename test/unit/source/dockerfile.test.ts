import { describe, expect, it } from '@jest/globals';
import { readDockerfile } from '../../../runtime/source/dockerfile.ts';
import type { DockerfileOptions } from '../../../runtime/source/dockerfile.ts';

function sources(lines: string, options?: DockerfileOptions): string[] | string {
  const reading = readDockerfile(lines, options);
  return reading.provable ? reading.sources.map((source) => source.path) : reading.reason;
}

/** What a stage on an image reads by these lines. */
function reads(lines: string, options?: DockerfileOptions): string[] | string {
  return sources(`FROM debian\n${lines}`, options);
}

describe('readDockerfile: sources', () => {
  it.each<[string, string[]]>([
    ['COPY . .', ['']],
    ['COPY / /', ['']],
    ['copy a b /c/', ['a', 'b']],
    ['COPY ./a//b/ /c', ['a/b']],
    ['COPY ../../a /c', ['a']],
    ['COPY go.* ./', ['go.*']],
    ['COPY ["a b", "c", "/d/"]', ['a b', 'c']],
    ['COPY [not json] /d/', ['[not', 'json]']],
    ['COPY --chown=1:2 --chmod=0644 --link a /b', ['a']],
    ['COPY --parents a/./b/c /d', ['a/b/c']],
    ['COPY --exclude=*.md . /d', ['']],
    ['COPY --from=golang:1 /usr /usr', []],
    ['ADD a.tar https://host/x git@github.com:o/r.git https://github.com/o/r.git#main /d/', ['a.tar']],
    ['ADD --checksum=sha256:00 --keep-git-dir=true a /d', ['a']],
    ['COPY a \\\n  # why\n\n  b \\ \n  /c/', ['a', 'b']],
    ['COPY <<EOF <<-"TWO" a /d/\nCOPY x y\nEOF\n\tCOPY x y\n\tTWO\nCOPY b /d', ['a', 'b']],
    ['RUN <<EOF\nCOPY x y\nEOF\nCOPY b /d', ['b']],
    ['RUN cat <<EOF > /x && \\\n  true\nCOPY x y\nEOF\nCOPY b /d', ['b']],
    ['RUN echo "COPY x y" \\\n  && COPY x y\nCOPY b /d', ['b']],
    ['RUN --mount=type=bind,target=/src make', ['']],
    ['RUN --mount=source=go.mod,target=go.mod --mount=type=cache,target=/c go build', ['go.mod']],
    ['RUN --mount=type=bind,src=a,target=/a,rw --network=none make', ['a']],
    ['RUN --mount=type=bind,from=golang,source=/x,target=/x make', []],
    ['RUN --mount=type=secret,id=x --mount=type=ssh --mount=type=tmpfs,target=/t make', []],
    ['ONBUILD COPY a /b', ['a']],
    ['COPY \'a\' "b" c\\d /e/', ['a', 'b', 'cd']],
    [
      'LABEL a=b\nEXPOSE 80\nVOLUME /x\nUSER 1\nWORKDIR /w\nSHELL ["sh"]\nHEALTHCHECK CMD x\nSTOPSIGNAL 9\nCMD x',
      [],
    ],
  ])('%j', (lines, expected) => {
    expect(reads(lines)).toEqual(expected);
    expect(reads(lines.replaceAll('\n', '\r\n'))).toEqual(expected);
  });

  it('takes another escape character', () => {
    expect(sources('# escape=`\nFROM x\nCOPY a `\n  b\\c /d/')).toEqual(['a', 'b\\c']);
  });

  it('knows wildcards, which mounts have none of', () => {
    const reading = readDockerfile('FROM x\nCOPY a* [b] c? d /\nRUN --mount=source=e* true');
    const wildcards = reading.provable && reading.sources.map((source) => source.wildcards);
    expect(wildcards).toEqual([true, true, true, false, false]);
  });

  it.each<[string, string]>([
    ['COPY a', 'line 2: COPY has no source or destination'],
    ['COPY --new a b', 'line 2: unknown flag COPY --new'],
    ['COPY --from!x a b', 'line 2: unknown flag COPY --from!x a b'],
    ['RUN --mount=type=new x', 'line 2: unknown mount type "new"'],
    ['RUN --mount=type=bind,"source=a,b" x', 'line 2: cannot read --mount='],
    ['COPI a b', 'line 2: unknown instruction "COPI"'],
    ['COPY <<EOF /x\nEO', 'line 2: here-document EOF does not end'],
    ['COPY a b \\\\\nCOPY c d', 'builders disagree'],
    ['RUN echo "x <<EOF "\nCOPY a b\nEOF', 'here-document'],
    ['CMD cat <<EOF\nCOPY a b\nEOF', 'EOF'],
    ['COPY $DIR /x', '$DIR is not declared here'],
    ['COPY "a /x', 'has a quote that does not end'],
    ['ARG D\nCOPY $D /x', '$D has no value'],
    ['ARG D=a\nCOPY ${D#a} /x', 'only builders know'],
    ['COPY $1 /x', 'only builders know'],
    ['ONBUILD FROM y', 'cannot read the ONBUILD trigger'],
  ])('cannot prove %j', (lines, reason) => {
    expect(reads(lines)).toContain(reason);
  });

  it.each<[string, string]>([
    ['', 'it has no FROM'],
    ['COPY a b\nFROM x', 'line 1: COPY stands in front of the first FROM'],
    ['# syntax=example.com/other:1\nFROM x\nCOPY a b', 'may give instructions another meaning'],
    [`FROM x\n${'RUN true\n'.repeat(20_000)}`, 'longer than 128 KiB'],
  ])('cannot prove a file like %.20j', (text, reason) => {
    expect(sources(text)).toContain(reason);
  });

  it('believes the usual frontends only', () => {
    expect(sources('# syntax=docker/dockerfile:1.7-labs\nFROM x\nCOPY a b')).toEqual(['a']);
    expect(sources('# syntax = docker.io/docker/dockerfile-upstream@sha256:00\nFROM x\nCOPY a b')).toEqual([
      'a',
    ]);
    const frontend = (image: string) => reads('COPY a b', { buildArgs: { BUILDKIT_SYNTAX: image } });
    expect(frontend('docker/dockerfile:1')).toEqual(['a']);
    expect(frontend('other/frontend')).toContain('BUILDKIT_SYNTAX=other/frontend');
  });
});

describe('readDockerfile: variables', () => {
  it.each<[string, string[]]>([
    ['ARG D=a\nCOPY $D ${D}b \'$D\' "$D" \\$D /x', ['a', 'ab', '$D', 'a', '$D']],
    ['ARG D=a E=${D}/b\nCOPY $E /x', ['a/b']],
    ['ARG D\nCOPY ${D:-a} ${D-b} c${D:+d}${D+e} /x', ['a', 'b', 'c']],
    ['ARG D=\nCOPY ${D:-a} ${D-b}c d${D:+e}${D+f} /x', ['a', 'c', 'df']],
    ['ARG D=z\nCOPY ${D:-a} ${D:+e} ${D:?no} /x', ['z', 'e', 'z']],
    ['ARG D\nARG E=q\nCOPY ${D:-${E:-x}} /x', ['q']],
    ['ENV D=a E="b c"\nCOPY ["$D", "$E", "/x"]', ['a', 'b c']],
    ['ENV D a b\nCOPY ["$D", "/x"]', ['a b']],
    ['ENV D=a\nENV D=b E=$D\nCOPY $D $E /x', ['b', 'a']],
    ['ENV D=a\nARG D=b\nCOPY $D /x', ['a']],
    ['ENV PATH=$PATH:/x\nCOPY a /x', ['a']],
    ['ARG D=a\nRUN --mount=type=bind,source=$D,target=/x true', ['a']],
    ['COPY a$ $.b /x', ['a$', '$.b']],
  ])('%j', (lines, expected) => {
    expect(reads(lines)).toEqual(expected);
  });

  it('gives build arguments precedence over defaults, and only to what is declared', () => {
    const buildArgs = { D: 'given', COMMIT: 'x-${commit}' };
    expect(reads('ARG D=a\nCOPY $D /x', { buildArgs })).toEqual(['given']);
    expect(reads('COPY $D /x', { buildArgs })).toContain('$D is not declared');
    expect(reads('ARG COMMIT\nRUN echo $COMMIT\nCOPY a /x', { buildArgs })).toEqual(['a']);
    expect(reads('ARG COMMIT\nCOPY $COMMIT /x', { buildArgs })).toContain('changes with every commit');
  });

  it('hands what stands in front of FROM to stages that declare it, and a stage to its children', () => {
    expect(sources('ARG D=a\nFROM x\nARG D\nCOPY $D /x')).toEqual(['a']);
    expect(sources('ARG D=a\nFROM x\nCOPY $D /x')).toContain('not declared');
    expect(sources('FROM x AS one\nARG D=a\nENV E=b\nFROM one\nCOPY $D $E /x')).toEqual(['a', 'b']);
    expect(sources('FROM x AS one\nARG D=a\nFROM y\nCOPY $D /x')).toContain('not declared');
  });

  it('knows the platform when told', () => {
    const lines = 'ARG TARGETARCH TARGETOS TARGETVARIANT\nCOPY m-$TARGETOS-$TARGETARCH$TARGETVARIANT /m';
    expect(reads(lines, { platform: 'linux/arm/v7' })).toEqual(['m-linux-armv7']);
    expect(reads(lines, { platform: 'linux/amd64' })).toEqual(['m-linux-amd64']);
    expect(reads(lines)).toContain('no `platforms` are set');
    expect(reads('ARG BUILDARCH\nCOPY $BUILDARCH /x', { platform: 'linux/amd64' })).toContain(
      'machine that builds',
    );
  });

  it('stops values that grow without end', () => {
    const bomb = Array.from({ length: 64 }, () => 'ENV A=$A$A').join('\n');
    expect(reads(`ENV A=aa\n${bomb}\nCOPY $A /x`)).toContain('longer than 4096');
  });
});

describe('readDockerfile: stages and images', () => {
  const stages =
    'FROM a AS One\nCOPY 1 /\nFROM b AS two\nCOPY 2 /\nFROM one\nCOPY --from=two /x /x\nCOPY 3 /';

  it('reads all stages up to the target', () => {
    expect(sources(stages)).toEqual(['1', '2', '3']);
    expect(sources(stages, { target: 'two' })).toEqual(['1', '2']);
    expect(sources(stages, { target: 'ONE' })).toEqual(['1']);
    expect(sources(stages, { target: '0' })).toEqual(['1']);
    expect(sources(stages, { target: 'three' })).toContain('it has no stage "three"');
  });

  it('tells stages from images', () => {
    const text = [
      'ARG TAG=1.21 REGISTRY',
      'FROM --platform=$BUILDPLATFORM golang:${TAG} AS build',
      'COPY --from=build a b',
      'COPY --from=gcr.io/p/tools:v1 a b',
      'COPY --from=0 a b',
      'RUN --mount=type=cache,from=nginx,target=/x true',
      'FROM $REGISTRY/base',
      'FROM scratch',
      'FROM build',
    ].join('\n');
    const { external, stages } = readDockerfile(text);
    expect(
      external.map(({ reference, name, instruction, line }) => [reference, name, instruction, line]),
    ).toEqual([
      ['golang:1.21', 'docker.io/library/golang', 'FROM', 2],
      ['gcr.io/p/tools:v1', 'gcr.io/p/tools', 'COPY', 4],
      ['nginx', 'docker.io/library/nginx', 'RUN', 6],
      ['$REGISTRY/base', undefined, 'FROM', 7],
    ]);
    expect(stages.map(({ base }) => (typeof base === 'object' ? base.reference : base))).toEqual([
      'golang:1.21',
      '$REGISTRY/base',
      undefined,
      0,
    ]);
  });

  it('names the images even when the sources cannot be proven', () => {
    const reading = readDockerfile('FROM nginx\nCOPY $X /');
    expect(reading.provable).toBe(false);
    expect(reading.external.map((use) => use.name)).toEqual(['docker.io/library/nginx']);
  });

  it('runs the triggers of images that we know', () => {
    const base = readDockerfile('FROM x\nONBUILD ARG D=src\nONBUILD COPY $D /src\nONBUILD RUN make');
    expect(base.triggers).toEqual(['ARG D=src', 'COPY $D /src', 'RUN make']);
    const triggers = new Map([['gcr.io/p/base', base.triggers]]);
    expect(sources('FROM gcr.io/p/base:v1\nCOPY a /', { triggers })).toEqual(['src', 'a']);
    expect(sources('FROM other\nCOPY a /', { triggers })).toEqual(['a']);
  });
});
