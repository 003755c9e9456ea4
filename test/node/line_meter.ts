export { CounterMeter as TestMeter, PULSE_MWH } from "../../host/lnsim/counter_meter.js";
