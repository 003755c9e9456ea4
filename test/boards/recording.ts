export { BoardRandom } from "../../host/board/board_random.js";
export { BoardRecorder as Recorder, type RecordedCall } from "../../host/trace/board_calls.js";
export { replay } from "../../host/trace/board_replay.js";
