/* A device connects while somebody calls its user: it must ring.
 *
 * The front writes the device's presence, commits, and then reads the user's live conversations; the leader writes the
 * invite, commits, and then reads who is present. Each read sees what was committed before it began, and nothing else.
 * Whoever comes second sees the other. Reading before one's own commit (a mistake) loses the wake-up.
 */

#ifndef DEVICES
#define DEVICES 2
#endif

bool isPresent[DEVICES];           /* committed rows */
bool isInvited = false;            /* the committed invite */
byte finished = 0;
bool rings[DEVICES];

inline commit(row) { row = true }

proctype Front(byte device) {
    bool seen = false;
#ifdef FRONT_READS_FIRST
    seen = isInvited;
    commit(isPresent[device]);
#else
    commit(isPresent[device]);
    seen = isInvited;
#endif
    if :: seen -> rings[device] = true :: else fi;
    finished++
}

proctype Leader() {
    bool seen[DEVICES];
    byte device = 0;
#ifdef LEADER_READS_FIRST
    atomic { do :: device < DEVICES -> seen[device] = isPresent[device]; device++ :: else -> break od; device = 0 }
    commit(isInvited);
#else
    commit(isInvited);
    atomic { do :: device < DEVICES -> seen[device] = isPresent[device]; device++ :: else -> break od; device = 0 }
#endif
    do
    :: device < DEVICES ->
        if :: seen[device] -> rings[device] = true :: else fi;
        device++
    :: else -> break
    od;
    finished++
}

init {
    byte device = 0;
    atomic {
        do :: device < DEVICES -> run Front(device); device++ :: else -> break od;
        device = 0;
        run Leader()
    }
    finished == DEVICES + 1;
    do
    :: device < DEVICES -> assert(rings[device]); device++
    :: else -> break
    od
}
