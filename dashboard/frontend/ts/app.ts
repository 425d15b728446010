import "htmx.org";
import "./running-time";
import "./mood-curve";
import "./call-player";
import "./card-editor";
import { startKeys } from "./keys";
import { startLive } from "./live";
import { startMoments } from "./moments";
import { startPage } from "./page";
import { startReview } from "./review";
import { startTranscript } from "./transcript";

startPage();
startKeys();
startMoments();
startTranscript();
startReview();
if (document.body.dataset["live"]) startLive();
