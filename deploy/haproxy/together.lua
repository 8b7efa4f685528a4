-- When a relay comes back, the rooms that began elsewhere in the meantime are
-- looked for there again. Of two people in such a room one may be connected to
-- where it was while the other, who returns, is sent to where it is not: each
-- would wait for the other in vain. So all sockets end at that moment, once.
-- Clients come back within seconds, two of three to the room they were in, and
-- the others are told that theirs is gone.

local function up(server)
    return string.sub(server:get_stats().status, 1, 2) == "UP"
end

core.register_task(function()
    local was = {}
    for name, server in pairs(core.backends.relays.servers) do
        was[name] = up(server)
    end
    while true do
        core.msleep(200)
        local back = false
        for name, server in pairs(core.backends.relays.servers) do
            local is = up(server)
            back = back or (is and not was[name])
            was[name] = is
        end
        if back then
            for _, backend in pairs({core.backends.relays, core.backends.newcomers}) do
                for _, server in pairs(backend.servers) do
                    server:shut_sess()
                end
            end
        end
    end
end)
