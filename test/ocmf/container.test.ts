import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readContainer, writeContainer } from "../../host/ocmf/container.js";
import { OcmfError } from "../../host/ocmf/errors.js";
import { METER_KEY, METER_RECORD, keyOf, ownChain } from "./fixtures.js";

const values = (content: string) => `<?xml version="1.0" encoding="UTF-8"?>\n<values>\n${content}\n</values>`;
const value = (data: string, rest = "") =>
  values(`<value><signedData format="OCMF">${data}</signedData>${rest}</value>`);

/** The fault of a document, or of its only value, as "field: message". */
function fault(xml: string): string {
  try {
    const [entry] = readContainer(xml);
    return entry && "error" in entry ? `${entry.error.field}: ${entry.error.message}` : "read";
  } catch (error) {
    if (error instanceof OcmfError) return `${error.field}: ${error.message}`;
    throw error;
  }
}

function read(xml: string) {
  return readContainer(xml).map((entry) => ("value" in entry ? entry.value : entry.error));
}

describe("a container", () => {
  it("is written as the public software reads it", () => {
    const xml = writeContainer([
      { record: 'OCMF|{"a":1}|{}', publicKey: "30AB", transactionId: 12n, context: "Transaction.Begin" },
    ]);
    expect(xml).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<values>\n' +
        '  <value transactionId="12" context="Transaction.Begin">\n' +
        '    <signedData format="OCMF" encoding="plain">OCMF|{&quot;a&quot;:1}|{}</signedData>\n' +
        '    <publicKey encoding="plain">30AB</publicKey>\n' +
        "  </value>\n</values>\n",
    );
  });

  it("gives back what was put in", () => {
    const list = ownChain(3).map((record, at) => ({
      record,
      publicKey: keyOf(),
      transactionId: BigInt(at + 1),
      context: `<F> & "${at}"`,
    }));
    expect(read(writeContainer(list))).toEqual(list);
    expect(read(writeContainer([{ record: METER_RECORD }]))).toEqual([{ record: METER_RECORD }]);
  });

  it("gives back any text character for character", () => {
    const unit = fc.oneof(
      fc.constantFrom(..."&<>\"'|;\n\r\t ]]>&amp;#x"),
      fc.string({ unit: "grapheme", maxLength: 1 }),
    );
    const text = fc
      .array(unit, { minLength: 1, maxLength: 30 })
      .map((units) => units.join(""))
      .filter((joined) => joined === joined.trim() && joined !== "");
    fc.assert(
      fc.property(text, text, fc.bigInt(), (record, context, transactionId) => {
        const list = [{ record, context, transactionId: transactionId % 10n ** 39n, publicKey: METER_KEY }];
        expect(read(writeContainer(list))).toEqual(list);
      }),
      { numRuns: 1000 },
    );
  });

  it("refuses to carry what would come out changed", () => {
    expect(() => writeContainer([])).toThrow(OcmfError);
    expect(() => writeContainer([{ record: "" }])).toThrow("neither is empty");
    expect(() => writeContainer([{ record: " OCMF|" }])).toThrow("white space");
    expect(() => writeContainer([{ record: "a\u0000b" }])).toThrow("XML cannot hold");
    expect(() => writeContainer([{ record: "a\ud800b" }])).toThrow("XML cannot hold");
  });

  it("is read with attributes in any order, comments, CDATA and foreign elements", () => {
    const xml = values(
      '<!-- c --><note/><value context="x" transactionId="7"><publicKey encoding="hex"> 30 ab </publicKey><extra>1</extra>' +
        '<signedData encoding="plain" transactionId="29" format="ocmf">\n  OCMF|<![CDATA[{"a":"<&amp;>"}]]>|{}\n' +
        "</signedData></value>",
    );
    expect(read(xml)).toEqual([
      { record: 'OCMF|{"a":"<&amp;>"}|{}', publicKey: "30 ab", transactionId: 7n, context: "x" },
    ]);
  });

  it("tells at which line a value stands", () => {
    const xml = values(
      "<value>\n<signedData>a</signedData>\n</value>\r\n<value/>\n<value\n ><signedData>b</signedData></value>",
    );
    expect(readContainer(xml).map(({ line }) => line)).toEqual([3, 6, 7]);
  });

  it("carries records in base64 and hex", () => {
    const pack = (encoding: BufferEncoding) =>
      values(
        `<value><signedData encoding="${encoding}">${Buffer.from(METER_RECORD).toString(encoding)}</signedData></value>`,
      );
    expect(read(pack("base64"))).toEqual([{ record: METER_RECORD }]);
    expect(read(pack("hex"))).toEqual([{ record: METER_RECORD }]);
  });

  it.each([
    ["", "xml: "],
    ["<values>", "xml: is not well formed"],
    ["<values><value></values></value>", "xml: is not well formed at line 1"],
    ["<a/>", "values: the document has no element <values>"],
    ["<values/>", "values: the container holds no <value>"],
    [values("<value/>"), "signedData: is missing"],
    [value(""), "signedData: is empty"],
    [values("<value><signedData>a</signedData><signedData>b</signedData></value>"), "signedData: occurs twice"],
    [values('<value><signedData format="EDL_40_P">a</signedData></value>'), 'signedData: has the format "EDL_40_P"'],
    [values('<value><signedData encoding="base32">a</signedData></value>'), "signedData: has the unknown encoding"],
    [values('<value><signedData encoding="base64">a</signedData></value>'), "signedData: is not base64"],
    [values('<value><signedData encoding="hex">ff</signedData></value>'), "signedData: is not UTF-8 text"],
    [value("a", '<publicKey encoding="rot13">a</publicKey>'), "publicKey: has the unknown encoding"],
    [value("&nbsp;"), "signedData: has an & that begins no known entity"],
    [value("&#0;"), 'signedData: has "&#0;"'],
    [value("&#xD800;"), "signedData: has"],
    [value("&#x110000;"), "signedData: has"],
    ['<!DOCTYPE values SYSTEM "file:///etc/passwd"><values/>', "xml: carries a document type"],
    [
      `<!DOCTYPE v [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>${value("&b;")}`,
      "xml: carries a document type",
    ],
    [`<!doctype v [<!entity a SYSTEM "http://localhost/">]>${value("&a;")}`, "xml: carries a document type"],
    [`${"<values>".repeat(5000)}${"</values>".repeat(5000)}`, "xml: is not well formed"],
    [values("<value><__proto__>x</__proto__></value>"), "xml: is not well formed"],
    [values("<value><constructor><prototype>x</prototype></constructor></value>"), "xml: is not well formed"],
  ])("that is hostile or broken is refused: case %#", (xml, expected) => {
    expect(fault(xml).slice(0, expected.length)).toBe(expected);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  it("of any text is read or refused with an OcmfError", () => {
    const unit = fc.oneof(
      fc.constantFrom(
        "<",
        ">",
        "</",
        "/>",
        "values",
        "value",
        "signedData",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "&",
        "<?",
        '="',
      ),
      fc.string({ unit: "binary", maxLength: 2 }),
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 20 }), (units) => {
        expect(fault(units.join(""))).not.toBe("");
        expect(fault(values(units.join("")))).not.toBe("");
        expect(fault(value(units.join("")))).not.toBe("");
      }),
      { numRuns: 1000 },
    );
  });
});
