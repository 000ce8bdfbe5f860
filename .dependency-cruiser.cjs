/** Who may import whom. The same table stands in CONTRIBUTING.md. */
const below = {
  graph: [],
  autodiff: ["graph"],
  onnx: ["graph"],
  cost: ["graph"],
  runtime: ["graph", "onnx", "cost", "io"],
  random: ["graph"],
  numerics: ["graph", "random"],
  nn: ["graph", "autodiff", "random"],
  optim: ["graph", "autodiff", "random"],
  fit: [],
  io: ["graph"],
  media: ["graph"],
  data: ["graph", "random", "io", "media"],
  display: ["graph", "fit", "cost", "media"],
  runs: ["graph", "io", "cost", "runtime"],
  experiment: ["graph", "autodiff", "io", "nn", "optim", "data", "random", "runtime", "cost", "runs", "fit", "display"],
  methods: ["experiment", "nn", "optim", "data", "numerics", "random", "autodiff", "graph", "fit"],
  protocol: [],
  session: ["display", "protocol", "experiment", "index.ts"],
  language: ["session", "protocol"],
  process: ["session", "protocol", "experiment", "display", "language", "runtime", "graph", "io", "onnx", "cost", "index.ts"],
  server: ["process", "protocol"],
  bench: ["graph", "onnx", "runtime", "fit", "process", "language", "index.ts"],
};

const folders = Object.entries(below).map(([folder, allowed]) => ({
  name: `${folder}-imports`,
  severity: "error",
  comment: `kernel/${folder} may import only ${["errors.ts", ...allowed].join(", ")} and packages`,
  from: { path: `^kernel/${folder}/` },
  to: { path: `^kernel/`, pathNot: `^kernel/(${[folder + "/", "errors\\.ts$", ...allowed.map((a) => (a.endsWith(".ts") ? a.replace(".", "\\.") + "$" : a + "/"))].join("|")})` },
}));

module.exports = {
  forbidden: [
    ...folders,
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } } },
    { name: "no-index", severity: "error", comment: "only session, entries and tests import the public index", from: { path: "^kernel/", pathNot: "^kernel/(session/|process/|index\\.ts|cli\\.ts|main\\.ts|bench/|commands/)" }, to: { path: "^kernel/index\\.ts$" } },
    { name: "no-editor-in-kernel", severity: "error", from: { path: "^kernel/" }, to: { path: "^(extension|webviews)/|^vscode$" } },
    { name: "editor-knows-no-tensors", severity: "error", comment: "the extension talks to the kernel by messages and shares only their types", from: { path: "^extension/" }, to: { path: "^(kernel|webviews)/", pathNot: "^(kernel/protocol/|kernel/display/(schema|figureSchema|format)\\.ts$|kernel/language/messages\\.ts$|kernel/runs/(schema|series|readRuns)\\.ts$|kernel/onnx/modelGraphSchema\\.ts$|kernel/methods/catalogue(Schema\\.ts|\\.json)$|webviews/panels/(messages|runsMessages|viewMessages|modelGraphMessages)\\.ts$|webviews/shared/messages\\.ts$)" } },
    { name: "views-know-only-payloads", severity: "error", from: { path: "^webviews/" }, to: { path: "^(kernel|extension)/", pathNot: "^kernel/(display/(schema|figureSchema|format)\\.ts$|runs/(schema|series)\\.ts$|onnx/modelGraphSchema\\.ts$|fit/)" } },
    { name: "methods-stand-alone", severity: "error", from: { path: "^kernel/methods/(?!index|card|catalogueSchema)([^/.]+)" }, to: { path: "^kernel/methods/", pathNot: "^kernel/methods/($1(/|\\.ts$)|card\\.ts$|catalogue)" } },
    { name: "not-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true, pathNot: "^(vscode|vscode-notebook-renderer|@vscode/jupyter-extension)$" } },
  ],
  options: { doNotFollow: { path: "node_modules" }, tsConfig: { fileName: "tsconfig.json" }, tsPreCompilationDeps: true, enhancedResolveOptions: { exportsFields: ["exports"], extensions: [".ts", ".js", ".json"], conditionNames: ["import", "node", "default", "types"] } },
};
