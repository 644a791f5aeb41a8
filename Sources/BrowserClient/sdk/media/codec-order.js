/**
 * Puts the wanted codec first, and leaves the others in the browser's order.
 * @template {{ mimeType: string }} Codec
 * @param {Codec[]} codecs
 * @param {string} wanted - as `H264`, `opus`
 * @returns {Codec[]}
 */
export function orderedCodecs(codecs, wanted) {
    const isWanted = ({ mimeType }) => mimeType.split("/")[1]?.toLowerCase() === wanted.toLowerCase();
    return [...codecs.filter(isWanted), ...codecs.filter((codec) => !isWanted(codec))];
}
