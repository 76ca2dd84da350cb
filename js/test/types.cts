// The same package by `require`.
import diagnosis = require("treadle-diagnosis");

const action: diagnosis.Action = diagnosis.diagnose("190/463").action;
export = action;
