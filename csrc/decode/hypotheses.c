#include "hypotheses.h"

#include <math.h>

#include "logits.h"

void fs_hypotheses_begin(fs_hypotheses *h, int64_t sequence) {
    h->sequence = sequence;
    h->fed = 1;
    h->length = h->ends = h->nexts = 0;
    h->nodes = 0;
    h->lives = 1;
    h->live[0] = (fs_live){0, -1};
}

int fs_hypotheses_offer(fs_hypotheses *h, const fs_decode_job *job, fs_next next) {
    const int most = job->beam - h->ends;
    int at;
    if (h->nexts == most && !(next.score > h->next[most - 1].score)) return 0;
    if (h->nexts < most) h->nexts++;
    for (at = h->nexts - 1; at > 0 && next.score > h->next[at - 1].score; at--) h->next[at] = h->next[at - 1];
    h->next[at] = next;
    return 1;
}

static double rank(const fs_decode_job *job, double score, int length) {
    return score / pow((double)FS_MAX(length, 1), (double)job->length_penalty);
}

/* counted: the length that its rank is of, a stop token included. */
static void end(fs_hypotheses *h, const fs_decode_job *job, double score, int32_t node, int length, int counted, int how,
                float stop) {
    h->ended[h->ends++] = (fs_ended){rank(job, score, counted), node, length, stop, how};
}

/* All that goes on has ended. */
static void end_all(fs_hypotheses *h, const fs_decode_job *job, int how) {
    for (int i = 0; i < h->lives; i++) end(h, job, h->live[i].score, h->live[i].node, h->length, h->length, how, 0);
    h->lives = 0;
}

int32_t fs_hypotheses_path(const fs_hypotheses *h, int32_t node, int32_t *path) {
    int32_t count = 0;
    for (int32_t at = node; at >= 0; at = h->node[at].before) count++;
    for (int32_t i = count - 1; i >= 0; i--, node = h->node[node].before) path[i] = h->node[node].token;
    return count;
}

/* Whether the text of the tokens up to a node ends an output. */
static int ends_by_text(const fs_hypotheses *h, const fs_decode_job *job, int32_t node, int32_t *path) {
    return job->stop_text && fs_stop_met(job->stop_text, job->pieces, path, fs_hypotheses_path(h, node, path));
}

void fs_hypotheses_grow(fs_hypotheses *h, const fs_decode_job *job, const int32_t *aligned, int32_t *from, int32_t *path) {
    fs_live *const before = h->live;
    int lives = 0;
    if (!h->nexts && !h->ends) end_all(h, job, FS_END_LIMIT); /* no token may follow */
    for (int i = 0; i < h->nexts; i++) {
        const fs_next *n = &h->next[i];
        const int32_t node = before[n->from].node;
        if (fs_logits_stop(job->stop, job->stops, n->token)) {
            end(h, job, n->score, node, h->length, h->length + 1, FS_END_STOP, n->logprob);
            continue;
        }
        h->node[h->nodes] = (fs_node){node, n->token, aligned[n->from], n->logprob};
        if (ends_by_text(h, job, h->nodes, path)) {
            end(h, job, n->score, h->nodes++, h->length + 1, h->length + 1, FS_END_STOP, 0);
            continue;
        }
        h->grown[lives] = (fs_live){n->score, h->nodes++};
        from[lives++] = n->from;
    }
    h->live = h->grown;
    h->grown = before;
    h->lives = lives;
    h->nexts = 0;
    if (++h->length == job->limit[h->sequence]) end_all(h, job, FS_END_LIMIT);
}

int fs_hypotheses_over(const fs_hypotheses *h, const fs_decode_job *job) {
    const int length = job->length_penalty >= 0 ? job->limit[h->sequence] : h->length + 1; /* that ranks highest */
    int above = 0;
    if (!h->lives) return 1;
    for (int i = 0; i < h->ends; i++) above += h->ended[i].rank >= rank(job, h->live[0].score, length);
    return above >= job->results;
}

static void write_tokens(const fs_hypotheses *h, const fs_ended *e, int64_t begin, const fs_decode_out *out) {
    int32_t node = e->node;
    for (int64_t at = begin + e->length - 1; at >= begin; at--, node = h->node[node].before) {
        out->ids[at] = h->node[node].token;
        out->logprobs[at] = h->node[node].logprob;
        if (out->aligned) out->aligned[at] = h->node[node].aligned;
    }
}

void fs_hypotheses_stop(fs_hypotheses *h, const fs_decode_job *job) { end_all(h, job, FS_END_RUN); }

void fs_hypotheses_write(fs_hypotheses *h, const fs_decode_job *job, const fs_decode_out *out) {
    for (int place = 0; place < FS_MIN(job->results, h->ends); place++) {
        const int64_t r = h->sequence * job->results + place;
        int best = place;
        fs_ended e;
        for (int i = place + 1; i < h->ends; i++)
            if (h->ended[i].rank > h->ended[best].rank) best = i;
        e = h->ended[best];
        for (int i = best; i > place; i--) h->ended[i] = h->ended[i - 1]; /* the others stay in order */
        h->ended[place] = e;
        out->length[r] = e.length;
        out->ended[r] = (unsigned char)e.how;
        out->stop_logprob[r] = e.stop_logprob;
        write_tokens(h, &e, out->start[r], out);
    }
}
