import "htmx.org";
import "./running-time";
import "./mood-curve";
import "./call-player";
import { startKeys } from "./keys";
import { startLive } from "./live";
import { startPage } from "./page";

startPage();
startKeys();
if (document.body.dataset["live"]) startLive();
