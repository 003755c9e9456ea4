export { openQemuMeter } from "./driver.js";
export { qemuMissing } from "./missing.js";
