/** GitHub's `Link` header; undefined when there is only one page. */
export function linkHeader(url: string, page: number, pages: number): string | undefined {
  const relations: [string, number][] = [];
  if (page > 1) relations.push(['prev', Math.min(page - 1, Math.max(1, pages))]);
  if (page < pages) relations.push(['next', page + 1], ['last', pages]);
  if (page > 1) relations.push(['first', 1]);
  if (relations.length === 0) return undefined;
  return relations
    .map(([relation, number]) => {
      const target = new URL(url);
      target.searchParams.set('page', String(number));
      return `<${target.href}>; rel="${relation}"`;
    })
    .join(', ');
}
