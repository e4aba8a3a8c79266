// Text to ids and back; id 0 is the boundary.

export class Vocabulary {
  /** `characters[i]` has the id i + 1; `unit` is character, grapheme or token; `unknown`: whether the last id has no text. */
  constructor({ characters, unit, unknown }) {
    Object.assign(this, { characters, unit });
    this.ids = new Map(characters.map((one, i) => [one, i + 1]));
    this.size = characters.length + 1 + (unknown ? 1 : 0);
    this.banned = unknown ? [this.size - 1] : [];
    this.longest = Math.max(1, ...characters.map((one) => [...one].length));
  }

  /** The ids of a text; `missing` is the first unit that the model never saw, or null. */
  encode(text) {
    const parts = this.split(text.normalize("NFC"));
    const missing = parts.find((part) => !this.ids.has(part)) ?? null;
    return { ids: missing === null ? parts.map((part) => this.ids.get(part)) : [], missing };
  }

  /** The units of a text: code points, graphemes, or the longest token that fits. */
  split(text) {
    if (this.unit === "grapheme") return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
    const points = [...text];
    if (this.unit === "character") return points;
    const parts = [];
    for (let at = 0; at < points.length; ) {
      let size = Math.min(this.longest, points.length - at);
      while (size > 1 && !this.ids.has(points.slice(at, at + size).join(""))) size--;
      parts.push(points.slice(at, at + size).join(""));
      at += size;
    }
    return parts;
  }

  decode(ids) {
    return ids.map((id) => this.characters[id - 1]).join("");
  }

  /** Whether the ids are the ones that their text has: other spellings of a name would repeat it. */
  isOwn(ids, text) {
    if (text.normalize("NFC") !== text) return false;
    if (this.unit !== "token") return true;
    const own = this.split(text);
    return own.length === ids.length && own.every((part, i) => this.ids.get(part) === ids[i]);
  }
}
