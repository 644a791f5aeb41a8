/* The log of one conversation, its leaders, and a database with a synchronous standby.
 *
 * What is modelled: claims, barriers, conditional appends, acknowledgements, deliveries and confirmed reads of two
 * leaders, of which each may be stopped for any time at any place (a zombie), while the database loses its connections,
 * crashes and restarts, has a wait for its standby cancelled, answers nobody (the outcome is unknown, and the transaction
 * may still come through), or is replaced by its standby. What is checked:
 *
 *   - a message that was acknowledged or delivered is in the log for good, in its place (1)
 *   - no message is in the log twice (2)
 *   - nothing is appended by a leader behind another one's barrier (3)
 *   - a read that begins after the acknowledgement of the last message sees it (4)
 *
 * With one of the mistakes defined (`Scripts/check-model` knows them all) a check must fail.
 */

#ifndef MESSAGES
#define MESSAGES 2                 /* the last one is also what reads ask for */
#endif
#ifndef CLAIMS
#define CLAIMS 3                   /* times that the coordinator names another leader */
#endif
#ifndef TROUBLES
#define TROUBLES 2                 /* crashes, failovers, cancelled waits, answers given up: together */
#endif
#define ENTRIES 8                  /* the longest log; beyond it leaders stop */
#define APPENDS 5                  /* of one leader; beyond it it stops */

/* An entry: who appended it, the how-manyth of his appends, and what: 0 a barrier, else a message. */
#define ID(who, count, what) (1 + (who) + 2 * (count) + 16 * (what))
#define WHO(entry)  (((entry) - 1) & 1)
#define WHAT(entry) (((entry) - 1) >> 4)
#define BIT(message) (1 << (message))
#define LAST MESSAGES

/* The database. The standby has the first `replicated` entries of the primary, and, of a transaction that waits for it,
 * perhaps the record too. A row is seen by others when its transaction is over, and keeps its index until then. */
byte entries[ENTRIES];
byte length = 0;
byte replicated = 0;
byte pending = 0;                  /* the entry of the transaction that is under way; 0: none */
bool isFlushed = false;            /* its commit record is on the primary's disk */
bool isCopied = false;             /* and on the standby's */
byte generation = 0;               /* of the connections: they all break together */

/* The coordinator: who shall try to lead. */
byte named = 0;
byte claims = CLAIMS;
byte troubles = TROUBLES;

/* What clients have been told. */
byte acknowledged = 0;             /* a set of messages */
byte delivered[MESSAGES + 1];      /* by place among the messages of the log, from 1 */

mtype = { none, committed, clash, unknown };
mtype answer[2] = none;            /* of the transaction that a leader waits for */
bool isWaiting[2];

/* ------------------------------------------------------------------------------------------------ checks */

/* (1): whatever was said is in the log that is left. */
inline checkSaid() {
    d_step {
        place = 0; at = 0; found = 0;
        do
        :: at < length ->
            if
            :: WHAT(entries[at]) > 0 ->
                place++;
                found = found | BIT(WHAT(entries[at]));
                assert(delivered[place] == 0 || delivered[place] == WHAT(entries[at]))
            :: else
            fi;
            at++
        :: else -> break
        od;
        assert((acknowledged & found) == acknowledged);
        do
        :: place < MESSAGES -> place++; assert(delivered[place] == 0)
        :: else -> break
        od;
        at = 0; place = 0; found = 0
    }
}

/* (2) and (3): the entry that is about to become visible at the end of the log. */
inline checkEntry(entry) {
    d_step {
        at = 0; found = 2;
        do
        :: at < length ->
            assert(WHAT(entry) == 0 || WHAT(entries[at]) != WHAT(entry));
            if
            :: WHAT(entries[at]) == 0 -> found = WHO(entries[at])
            :: else
            fi;
            at++
        :: else -> break
        od;
        assert(WHAT(entry) == 0 || found == WHO(entry));
        at = 0; found = 0
    }
}

/* ------------------------------------------------------------------------------------------------ the database */

inline becomeVisible() {
    checkEntry(pending);
    entries[length] = pending;
    length++;
    pending = 0
}

/* Whoever waits will never know. */
inline breakConnections() {
    generation++;
    isFlushed = false; isCopied = false;
    if :: isWaiting[0] -> answer[0] = unknown; isWaiting[0] = false :: else fi;
    if :: isWaiting[1] -> answer[1] = unknown; isWaiting[1] = false :: else fi
}

proctype Database() {
    byte at = 0, place = 0, found = 0;
end:
    do
    :: atomic { pending != 0 && !isFlushed -> isFlushed = true }
    :: atomic { isFlushed && !isCopied -> isCopied = true; replicated = length }
    :: atomic { isCopied ->                       /* the wait for the standby is over */
        if
        :: isWaiting[WHO(pending)] -> answer[WHO(pending)] = committed; isWaiting[WHO(pending)] = false
        :: else                                   /* it was given up; the transaction did not know */
        fi;
        becomeVisible(); replicated = length; isFlushed = false; isCopied = false }
    :: atomic { replicated < length -> replicated = length }
    :: atomic { troubles > 0 && isFlushed && !isCopied ->    /* the wait is cancelled: visible, and not replicated */
        troubles--;
        if
        :: isWaiting[WHO(pending)] -> answer[WHO(pending)] = unknown; isWaiting[WHO(pending)] = false
        :: else
        fi;
        becomeVisible(); isFlushed = false }
    :: atomic { troubles > 0 ->                   /* crash and restart: what was flushed is there */
        troubles--;
        if
        :: isCopied -> becomeVisible(); replicated = length
        :: isFlushed && !isCopied -> becomeVisible()
        :: else -> pending = 0
        fi;
        breakConnections(); checkSaid() }
    :: atomic { troubles > 0 ->                   /* the standby takes over: what it has is there */
        troubles--;
        if
        :: isCopied -> becomeVisible(); replicated = length
        :: else -> pending = 0;
            do :: length > replicated -> length--; entries[length] = 0 :: else -> break od
        fi;
        breakConnections(); checkSaid() }
    od
}

/* ------------------------------------------------------------------------------------------------ a leader */

#ifdef NO_PREDECESSOR
#define PREDECESSOR_HOLDS true
#else
#define PREDECESSOR_HOLDS (known == 0 || entries[known - 1] == last)
#endif

/* Sends a transaction with one entry, and waits for what becomes of it. */
inline append(what) {
    atomic {
        pending == 0;                             /* another one holds the index: wait */
        /* Nothing stands at the index, and the entry before it is the one that this leader believes in. */
        isSure = (length == known && PREDECESSOR_HOLDS);
        mine = ID(me, count, what);
        count++;
        if
        :: isSure && length < ENTRIES ->
            pending = mine; answer[me] = none; isWaiting[me] = true
        :: else -> answer[me] = clash; isWaiting[me] = false
        fi
    }
    atomic {
        if
        :: answer[me] != none
        :: answer[me] == none && troubles > 0 ->  /* no answer in time */
            troubles--; answer[me] = unknown; isWaiting[me] = false
        fi
    }
}

/* Reads what is visible, and folds it. */
inline load() {
    d_step {
        known = length; at = 0; seen = 0; epoch = 0;
        last = (length > 0 -> entries[length - 1] : 0);
        do
        :: at < length ->
            if
            :: WHAT(entries[at]) == 0 -> epoch = at + 1
            :: else -> seen = seen | BIT(WHAT(entries[at]))
            fi;
            at++
        :: else -> break
        od;
        at = 0
    }
}

/* Delivers all messages of the log as this leader knows it; a client takes each place once. */
inline deliver() {
    d_step {
        at = 0; place = 0;
        do
        :: at < known && at < length ->
            if
            :: WHAT(entries[at]) > 0 ->
                place++;
                assert(delivered[place] == 0 || delivered[place] == WHAT(entries[at]));
                delivered[place] = WHAT(entries[at])
            :: else
            fi;
            at++
        :: else -> break
        od;
        at = 0; place = 0
    }
}

/* A transaction that changes nothing: does the log end where this leader believes? Its commit waits for the standby like
 * any other, so that all before it is replicated when it returns. */
inline confirm() {
    atomic {
        turn = generation;
        isSure = (length == known && (known == 0 || entries[known - 1] == last))
    }
    atomic {
        if
        :: turn == generation && replicated >= known -> skip
        :: turn != generation -> isSure = false
        fi
    }
}

proctype Leader(byte me) {
    byte known = 0, last = 0, seen = 0, epoch = 0, own = 0, count = 0, mine = 0, message = 0, turn = 0;
    byte at = 0, place = 0;
    bool isSure = false, isLate = false, inDoubt = false;

idle:
end1:
    atomic { named == me && count < APPENDS };
    inDoubt = false;
read:
    load();
decide:
    if
    :: atomic { own != 0 && epoch > own && named != me -> own = 0 }; goto idle   /* replaced: step down */
    :: else
    fi;
#ifdef DELIVERY_BEFORE_BARRIER
    deliver();
#endif
#ifdef NO_BARRIER
    own = epoch; goto lead;
#endif
#ifdef NO_BARRIER_AFTER_DOUBT
    if
    :: own != 0 && epoch <= own -> goto found
    :: else
    fi;
#endif
    if :: count >= APPENDS || known >= ENTRIES -> goto idle :: else fi;
    append(0);
    if
    :: answer[me] == committed -> atomic { known++; last = mine; own = known; epoch = known; answer[me] = none }
    :: answer[me] == clash -> answer[me] = none; goto read
    :: answer[me] == unknown -> answer[me] = none; goto read
    fi;
    /* What the log held before is behind a barrier that is committed, and so replicated. */
found:
    deliver();
lead:
    do
    :: count < APPENDS && known < ENTRIES ->
        select(message : 1 .. MESSAGES);
        if
        :: seen & BIT(message) ->                 /* a repeat: the same answer */
#ifndef UNCONFIRMED_READS
            confirm();
            if :: !isSure -> goto read :: else fi;
#endif
            acknowledged = acknowledged | BIT(message)
        :: else ->
#ifdef ACKNOWLEDGE_BEFORE_COMMIT
            acknowledged = acknowledged | BIT(message);
#endif
            append(message);
            if
            :: answer[me] == committed ->
                atomic { known++; last = mine; seen = seen | BIT(message); answer[me] = none };
                acknowledged = acknowledged | BIT(message);
                deliver()
            :: answer[me] == clash ->
                answer[me] = none;
#ifdef CLASH_TAKEN_FOR_SUCCESS
                load();
                acknowledged = acknowledged | BIT(message);
                goto lead
#else
                goto read
#endif
            :: answer[me] == unknown -> answer[me] = none; goto read
            fi
        fi
    :: atomic { isLate = (acknowledged & BIT(LAST)) != 0 };     /* somebody asks whether the call still stands */
#ifndef UNCONFIRMED_READS
        confirm();
        if :: !isSure -> goto read :: else fi;
#endif
        assert(!isLate || (seen & BIT(LAST)));                  /* (4) */
        isLate = false
    :: count >= APPENDS || known >= ENTRIES -> goto idle
    od
}

/* The coordinator names another leader whenever it likes: sessions expire, claims are made, all of it at the wrong time. */
proctype Coordinator() {
end:
    do
    :: atomic { claims > 0 -> claims--; named = 1 - named }
    od
}

init {
    atomic { run Database(); run Leader(0); run Leader(1); run Coordinator() }
}
