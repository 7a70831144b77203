/* SPDX-License-Identifier: Apache-2.0 */
/* What a call into the engine can say. Every function that can fail returns an fw_status. */
#ifndef FASTW2V_STATUS_H
#define FASTW2V_STATUS_H

typedef enum fw_status {
    FW_OK = 0,
    FW_ERROR_ARGUMENT,        /* a null pointer, or a size or count outside its stated range */
    FW_ERROR_ALIGNMENT,       /* a row or buffer not aligned or padded to 64 bytes */
    FW_ERROR_ID_RANGE,        /* a token id outside [0, vocab_size) */
    FW_ERROR_SENTENCE_ENDS,   /* sentence ends not rising, or outside the chunk */
    FW_ERROR_PROBABILITY,     /* the noise distribution is negative, not finite or sums to zero */
    FW_ERROR_NOT_FINITE,      /* training diverged: the loss is not finite */
    FW_ERROR_ISA_UNKNOWN,     /* no instruction set of that name */
    FW_ERROR_ISA_UNAVAILABLE, /* an instruction set that this CPU or this build lacks */
    FW_ERROR_MEMORY,          /* the lexicon could not grow */
    FW_ERROR_VOCABULARY_SIZE, /* more than INT32_MAX distinct words */
    FW_STATUS_COUNT
} fw_status;

/* A static English sentence for `status`; never null, also for values outside the enum. */
const char *fw_status_message(fw_status status);

#endif
