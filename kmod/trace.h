/* SPDX-License-Identifier: GPL-2.0-only */
/* The tracepoint drvguard:drvguard_load, once for each module that comes in. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM drvguard

#if !defined(_DRVGUARD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DRVGUARD_TRACE_H

#include <linux/tracepoint.h>

#include "ledger.h"

/* Arrays, not __string(): kernels do not agree on how those are assigned. */
TRACE_EVENT(drvguard_load,
	TP_PROTO(const struct dg_load *load),
	TP_ARGS(load),
	TP_STRUCT__entry(
		__field(u64, seq)
		__field(unsigned long, taints)
		__field(int, verdict)
		__field(int, reason)
		__field(bool, renamed)
		__field(u8, id_len)
		__array(u8, id, DG_BUILD_ID_MAX)
		__array(char, name, MODULE_NAME_LEN)
	),
	TP_fast_assign(
		__entry->seq = load->seq;
		__entry->taints = load->taints;
		__entry->verdict = load->verdict;
		__entry->reason = load->reason;
		__entry->renamed = load->renamed;
		__entry->id_len = load->id.len;
		memcpy(__entry->id, load->id.bytes, DG_BUILD_ID_MAX);
		memcpy(__entry->name, load->name, MODULE_NAME_LEN);
	),
	TP_printk("seq=%llu name=%s build_id=%s taints=%lx verdict=%s reason=%s renamed=%d",
		  __entry->seq, __entry->name,
		  __print_hex_str(__entry->id, __entry->id_len),
		  __entry->taints,
		  __print_symbolic(__entry->verdict,
				   { DG_VERDICT_UNGUARDED, "unguarded" },
				   { DG_VERDICT_PROVEN, "proven" },
				   { DG_VERDICT_WARNED, "warned" },
				   { DG_VERDICT_DENIED, "denied" }),
		  __print_symbolic(__entry->reason,
				   { DG_REASON_NONE, "-" },
				   { DG_REASON_UNPROVEN, "unproven" },
				   { DG_REASON_NO_BUILD_ID, "no-build-id" },
				   { DG_REASON_FORCED, "forced" }),
		  __entry->renamed)
);

#endif /* _DRVGUARD_TRACE_H */

/* This part must be outside the protection. */
#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
