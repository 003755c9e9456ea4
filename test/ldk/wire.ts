export { ldkParty, TcpWire, until } from "../../host/bench/channel/lines.js";
