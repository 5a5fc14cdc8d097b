/* SPDX-License-Identifier: GPL-2.0-only */
/* The tracepoint drvguard:drvguard_load, once for each module that comes in. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM drvguard

#if !defined(_DRVGUARD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DRVGUARD_TRACE_H

#include <linux/tracepoint.h>

#include "ledger.h"

/* Programs that read the trace know no more of our enums than this tells them. */
TRACE_DEFINE_ENUM(DG_VERDICT_UNGUARDED);
TRACE_DEFINE_ENUM(DG_VERDICT_PROVEN);
TRACE_DEFINE_ENUM(DG_VERDICT_WARNED);
TRACE_DEFINE_ENUM(DG_VERDICT_DENIED);
TRACE_DEFINE_ENUM(DG_REASON_NONE);
TRACE_DEFINE_ENUM(DG_REASON_UNPROVEN);
TRACE_DEFINE_ENUM(DG_REASON_NO_BUILD_ID);
TRACE_DEFINE_ENUM(DG_REASON_FORCED);

/* Nor can they work out MODULE_NAME_LEN, which is less. */
#define DG_TRACE_NAME_LEN	64

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
		__array(u8, id, DRVGUARD_BUILD_ID_MAX)
		__array(char, name, DG_TRACE_NAME_LEN)
	),
	TP_fast_assign(
		__entry->seq = load->seq;
		__entry->taints = load->taints;
		__entry->verdict = load->verdict;
		__entry->reason = load->reason;
		__entry->renamed = load->renamed;
		__entry->id_len = load->id.len;
		memcpy(__entry->id, load->id.bytes, DRVGUARD_BUILD_ID_MAX);
		strscpy_pad(__entry->name, load->name, DG_TRACE_NAME_LEN);
	),
	TP_printk("seq=%llu name=%s build_id=%s taints=%lx verdict=%s reason=%s renamed=%d",
		  __entry->seq, __entry->name,
		  __print_hex_str(__entry->id, __entry->id_len),
		  __entry->taints,
		  __print_symbolic(__entry->verdict,
				   { DG_VERDICT_UNGUARDED, DRVGUARD_VERDICT_UNGUARDED },
				   { DG_VERDICT_PROVEN, DRVGUARD_VERDICT_PROVEN },
				   { DG_VERDICT_WARNED, DRVGUARD_VERDICT_WARNED },
				   { DG_VERDICT_DENIED, DRVGUARD_VERDICT_DENIED }),
		  __print_symbolic(__entry->reason,
				   { DG_REASON_NONE, "-" },
				   { DG_REASON_UNPROVEN, DRVGUARD_REASON_UNPROVEN },
				   { DG_REASON_NO_BUILD_ID, DRVGUARD_REASON_NO_BUILD_ID },
				   { DG_REASON_FORCED, DRVGUARD_REASON_FORCED }),
		  __entry->renamed)
);

#endif /* _DRVGUARD_TRACE_H */

/* This part must be outside the protection. */
#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
