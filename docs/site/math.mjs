// Formulas to HTML, by KaTeX: reads a JSON list of [formula, whether it stands alone], writes a JSON list of HTML.
import katex from "katex";
import { readFileSync } from "node:fs";

const formulas = JSON.parse(readFileSync(0, "utf8"));
const options = { throwOnError: true, strict: "error", output: "htmlAndMathml" };
process.stdout.write(JSON.stringify(formulas.map(([text, displayMode]) => katex.renderToString(text, { ...options, displayMode }))));
