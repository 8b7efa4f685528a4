package wire_test

import (
	"slices"
	"testing"

	"sotto/wire"
)

// What PROTOCOL.md and the clients of std-1 rely on.
func TestCloseCodes(t *testing.T) {
	t.Parallel()
	want := map[wire.CloseCode]struct {
		reason string
		retry  bool
	}{
		1000: {"room_expired", false},
		1009: {"frame_too_big", false},
		1012: {"relay_restart", true},
		4000: {"slow_consumer", true},
		4002: {"no_pong", true},
		4003: {"not_joined", true},
		4004: {"room_failed", true},
		4500: {"moved", false},
		4501: {"too_many_devices", false},
	}
	codes := wire.CloseCodes()
	if !slices.IsSorted(codes) || len(codes) != len(want) {
		t.Errorf("the codes are %v", codes)
	}
	for _, code := range codes {
		if code.Reason() != want[code].reason || code.Retry() != want[code].retry {
			t.Errorf("%d is %q, retry %v", code, code.Reason(), code.Retry())
		}
	}
	// A client meets codes that are not ours.
	for code, retry := range map[wire.CloseCode]bool{
		wire.CloseNone: false, 1001: false, 1006: false, 1011: false, 1013: false, 3999: false,
		4001: true, 4005: true, 4499: true, 4502: false, 4999: false,
	} {
		if code.Reason() != "" || code.Retry() != retry {
			t.Errorf("%d is %q, retry %v", code, code.Reason(), code.Retry())
		}
	}
}
