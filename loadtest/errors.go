package loadtest

import "errors"

// ErrConfig is in every error about what the caller asked for: the same call
// would fail again.
var ErrConfig = errors.New("loadtest: unfit configuration")
