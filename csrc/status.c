/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

const char *fw_status_message(fw_status status)
{
    switch (status) {
    case FW_OK: return "success";
    case FW_ERROR_ARGUMENT: return "an argument is null or out of its range";
    case FW_ERROR_ALIGNMENT: return "a row or buffer is not aligned or padded to 64 bytes";
    case FW_ERROR_ID_RANGE: return "a token id is outside the vocabulary";
    case FW_ERROR_SENTENCE_ENDS: return "sentence ends must rise and stay within the tokens";
    case FW_ERROR_PROBABILITY: return "probabilities must be finite, >= 0 and not all zero";
    case FW_ERROR_NOT_FINITE: return "the loss is not finite: training diverged";
    case FW_ERROR_ISA_UNKNOWN: return "unknown instruction set";
    case FW_ERROR_ISA_UNAVAILABLE: return "instruction set not available on this CPU or in this build";
    case FW_ERROR_MEMORY: return "out of memory";
    case FW_ERROR_VOCABULARY_SIZE: return "more than 2,147,483,647 distinct words";
    case FW_STATUS_COUNT: break;
    }
    return "unknown status";
}
