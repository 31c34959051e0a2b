# What a program said of why it failed: its last five lines, on one, and what that means.
{ said[NR] = $0 }
/too many clients|connection slots are reserved/ { hint = "No connection is free: max_connections, or whoever holds them, leaves none." }
/invalid memory alloc request size|string buffer|out of memory/ && /COPY|size|enlarge/ { hint = "Is a row larger than 1 GB as text? No dump can hold it; a large object, or the same in pieces, can be." }
END { for (i = (NR > 5) ? NR - 4 : 1; i <= NR; i++) { gsub(/[\t ]+/, " ", said[i]); printf "%s ", said[i] } print hint }
