/** @file Data: text, files and generated sets, and the loaders that make batches of them. Exported as the namespace `data`. */
export { arrays, concat, inMemory, range, split, subset, toBatch, type Batch, type Dataset, type Field, type Rows } from "./dataset";
export { BatchStream, type StreamState } from "./batchStream";
export { loader, type LoaderOptions, type MapContext } from "./loader";
export { mixture, type MixtureOptions } from "./mixture";

export { corpus, corpusOf, type Corpus, type CorpusDocument, type CorpusKind, type CorpusOptions } from "./corpus";
export { text, windowsOf, type BatchList, type Text, type TextBatch, type TextOptions, type TextSource } from "./text";
export { bytes, chars, type Tokenizer } from "./tokenizers/tokenizer";
export { Bpe, type BpeParts } from "./tokenizers/bpe";
export { trainBpe, type BpeTrainingOptions } from "./tokenizers/bpeTraining";
export { loadTokenizer, parseTokenizer, saveTokenizer, tokenizerJson } from "./tokenizers/tokenizerJson";

export { Table, type Classes, type Column } from "./table";
export { csv, parseCsv, type CsvOptions } from "./csv";
export { jsonl, parseJsonl } from "./jsonl";
export { parquet, type ParquetOptions } from "./parquet";
export { decodeIdx, idx, idxImages, type IdxImagesOptions } from "./idx";
export { npy } from "./npy";
export { imageFolder, type ImageFolder, type ImageFolderOptions } from "./imageFolder";
export { resize, type Area, type Resize, type ResizeFilter } from "./resize";

export { type GeneratedOptions } from "./generated/generate";
export { COLOURS, SHAPES, type ChannelLayout, type ColourName, type ImageOptions, type ShapeName } from "./generated/canvas";
export { shapes, type Shapes, type ShapesOptions } from "./generated/shapes";
export { movingShapes, type MovingShapes, type MovingShapesOptions } from "./generated/movingShapes";
export { type CameraName, type MotionName } from "./generated/motions";
export { glyphDigits, glyphs, type Glyphs, type GlyphsOptions } from "./generated/glyphs";
export { pointClouds, voxels, type BodyName, type PointClouds, type PointCloudsOptions } from "./generated/pointClouds";
export { markov, type Markov, type MarkovOptions } from "./generated/markov";
export { grammar, REVIEW_GRAMMAR, type Grammar, type GrammarOptions, type GrammarRules } from "./generated/grammar";
export { copy, induction, recall, type SequenceTask, type TaskOptions } from "./generated/sequenceTasks";
export { points2d, type Points2dKind, type Points2dOptions } from "./generated/points2d";
export { gaussianMixture, type GaussianMixture, type GaussianMixtureOptions } from "./generated/gaussianMixture";
export { linear, teacher, type Linear, type LinearOptions, type Teacher, type TeacherOptions } from "./generated/teachers";
export { modular, type Modular, type ModularOperation, type ModularOptions } from "./generated/modular";
export { arithmetic, type ArithmeticOptions } from "./generated/arithmetic";
